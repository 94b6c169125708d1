/**
 * `npm run api`: checks that the public API matches API Extractor's report in docs. `-- --write` updates the report, so that
 * a change of the API is part of the diff under review.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Extractor, ExtractorConfig, ExtractorLogLevel, type IConfigFile } from '@microsoft/api-extractor';
import buildPackage, { root } from './build.js';

/** The path of the report, relative to the root. */
export const reportFile = 'docs/mcp-auth-cli.api.md';

/** The hint if the report is out of date. */
export const howToWrite = 'If the change of the public API is intended: npm run api -- --write';

/**
 * Creates the report on the types in `dist`, which must be built.
 *
 * @param folder the root folder of the package.
 */
export function apiReport(folder = root): string {
  const work = mkdtempSync(path.join(tmpdir(), 'mcp-auth-api-'));
  try {
    const [written, compared] = ['written', 'compared'].map((name) => path.join(work, name)) as [string, string];
    for (const one of [written, compared]) mkdirSync(one);
    const { succeeded } = Extractor.invoke(
      ExtractorConfig.prepare({
        configObject: configOf(folder, { written, compared }),
        configObjectFullPath: undefined,
        packageJsonFullPath: path.join(folder, 'package.json'),
      }),
      { localBuild: true, messageCallback: (message) => void (message.handled = message.logLevel !== ExtractorLogLevel.Error) },
    );
    if (!succeeded) throw new Error('API Extractor could not read dist/index.d.ts.');
    return readFileSync(path.join(written, path.basename(reportFile)), 'utf8').replaceAll('\r\n', '\n');
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function configOf(folder: string, { written, compared }: { written: string; compared: string }): IConfigFile {
  return {
    projectFolder: folder,
    mainEntryPointFilePath: path.join(folder, 'dist/index.d.ts'),
    compiler: { tsconfigFilePath: path.join(folder, 'scripts/tsconfig.build.json') },
    apiReport: {
      enabled: true,
      reportFileName: path.basename(reportFile),
      reportFolder: compared,
      reportTempFolder: written,
      // Types that are used but not exported, such as the error codes, are part of the API.
      includeForgottenExports: true,
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: {
      extractorMessageReporting: {
        default: { logLevel: ExtractorLogLevel.Warning },
        'ae-forgotten-export': { logLevel: ExtractorLogLevel.None },
        'ae-missing-release-tag': { logLevel: ExtractorLogLevel.None },
      },
      // Our docstrings have text after @throws, which TSDoc allows and its linter does not.
      tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
  await buildPackage();
  const report = apiReport();
  const file = path.join(root, reportFile);
  if (values.write) writeFileSync(file, report);
  const isCurrent = readFileSync(file, 'utf8') === report;
  process.stdout.write(isCurrent ? `✓ ${reportFile} matches the public API\n` : `✗ ${reportFile} is out of date. ${howToWrite}\n`);
  process.exitCode = isCurrent ? 0 : 1;
}
