/** The encoder inside qrcode-terminal, whose own types cover only its drawing. */
declare module 'qrcode-terminal/vendor/QRCode/index.js' {
  export default class QRCode {
    /** @param version 1 to 40; -1 chooses the smallest that holds the text. */
    constructor(version: number, errorCorrectionLevel: number);
    /** By row, true where the code is dark. Filled by `make`. */
    readonly modules: readonly (readonly boolean[])[];
    addData(text: string): void;
    /** @throws if no version holds the text at this level. */
    make(): void;
  }
}

declare module 'qrcode-terminal/vendor/QRCode/QRErrorCorrectLevel.js' {
  const levels: Readonly<Record<'L' | 'M' | 'Q' | 'H', number>>;
  export default levels;
}
