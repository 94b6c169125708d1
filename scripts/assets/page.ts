/** What the files of a release page are made from, and what a format is. */
import type { Target } from '../targets.js';
import type { Paper } from './papers.js';
import type { Project } from './project.js';

export interface Page {
  /** The folder that all files are written to. */
  readonly folder: string;
  readonly version: string;
  readonly project: Project;
  /** The address of the folder that users download the files from. */
  readonly downloads: string;
  /** Seconds since 1970. Every file in an archive has this time, so that the same input gives the same archive. */
  readonly time: number;
  readonly sources: Sources;
  /** The executables that have been built. */
  readonly executables: readonly Target[];
  /** What is installed with the command. */
  readonly papers: readonly Paper[];
  /** False in a rehearsal, which may lack an executable or an entry in the changelog. */
  readonly isComplete: boolean;
}

/** Folders with what has been built, and with the files of the repository. */
export interface Sources {
  readonly root: string;
  readonly dist: string;
  readonly bundle: string;
}

export interface Format {
  readonly name: string;
  /**
   * Writes the files of this format into the folder of the page. The files of the formats before it in the list are there.
   *
   * @returns the names of the files.
   */
  readonly make: (page: Page) => readonly string[];
}
