/** The parameters of a request that have a value. One that is undefined would be sent as the word "undefined". */
export function definedParameters(parameters: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
