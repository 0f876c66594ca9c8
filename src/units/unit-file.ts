/** What the units of a scheduler are made of, and what they become. */
import type { Config } from '../config.ts';
import type { Every } from './every.ts';

export type UnitFile = { name: string; text: string };

export type UnitInput = {
  config: Config;
  /** The text of the configuration's file. */
  configText: string;
  /** Texts of other small files that it names, by absolute path. */
  fileTexts: ReadonlyMap<string, string>;
  /** The words that start flowproof on this machine. */
  program: readonly string[];
  every: Every;
  /** Container image with `flowproof` on its path. */
  image: string | undefined;
};
