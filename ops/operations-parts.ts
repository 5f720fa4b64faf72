import type { Block } from '#kit/blocks.ts';
import type { Clock } from '#kit/clock.ts';
import type { OrganizationParts } from '#kit/organizations/administration.ts';
import type { NewAuditEvent } from '#kit/organizations/audit-event.ts';
import type { OnServices, ReachableServices } from '#kit/upstreams.ts';
import type { CacheControls } from './admin/cache-routes.ts';
import type { Look } from './admin/limit-routes.ts';
import type { ProcessControls } from './admin/process-routes.ts';
import type { Instruments } from './instruments.ts';
import type { Peers } from './peers.ts';

export type AdminSettings = {
  readonly host: string;
  readonly port: number;
  readonly token: string | undefined;
  /** Takes any free port when the wanted one is taken. */
  readonly anyPortInstead: boolean;
};

type Settings = {
  readonly environment: string;
  readonly metrics: {
    readonly enabled: boolean;
    readonly onMain: boolean;
    readonly path: string;
    readonly token: string | undefined;
  };
  readonly measureMs: number;
  readonly health: {
    readonly path: string;
    readonly prefix: string;
    readonly everyMs: number;
    readonly timeoutMs: number;
    readonly critical: ReadonlySet<string>;
  };
  /** Undefined where nothing listens for operators. */
  readonly admin: AdminSettings | undefined;
};

export type OperationsParts = {
  readonly settings: Settings;
  readonly instruments: Instruments;
  readonly clock: Clock;
  /** The services that this process calls. */
  readonly services: ReachableServices;
  readonly onServices?: OnServices;
  readonly redis: { readonly url: string | undefined; readonly caFile: string | undefined };
  readonly organizations: OrganizationParts & { readonly audit: { readonly record: (event: NewAuditEvent) => void } };
  /** What the store of organizations is called in reports. */
  readonly storeName: 'mongodb' | 'database';
  readonly laboratory: string;
  /** False while credentials cannot be checked. */
  readonly hasKeys: () => boolean;
  readonly isDraining?: () => boolean;
  readonly blocks: {
    readonly list: () => Promise<readonly Block[]>;
    readonly block: (block: Block) => Promise<void>;
    readonly lift: (address: string) => Promise<boolean>;
  };
  /** Looks at budgets, where there are any. */
  readonly look?: Look | undefined;
  readonly controls?: ProcessControls;
  readonly cache?: CacheControls;
  /** Every variable, without what could be a secret. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The processes that serve the same ports, where there are several: any of them speaks for all. */
  readonly peers?: Peers | undefined;
};
