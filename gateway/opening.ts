import type { Environment } from '#kit/upstream-settings.ts';
import type { Instruments } from '#ops/instruments.ts';
import type { Peers } from '#ops/peers.ts';
import type { Config } from './config.ts';

/** What everything that is opened needs; `running` closes it at the end. */
export type Opening = {
  readonly config: Config;
  /** What it was read from, and parts of it are read from again. */
  readonly environment: Environment;
  readonly instruments: Instruments;
  readonly running: AsyncDisposableStack;
  /** The other processes of the same port, where there are some. */
  readonly peers: Peers | undefined;
};
