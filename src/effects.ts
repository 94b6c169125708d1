/**
 * The effects of this program, as types: network, disk, clock, terminal, environment. This file imports nothing of the
 * program, so every layer can name them. context.ts adds the store; tests replace them one by one.
 */
import type { Duplex, Readable } from 'node:stream';

/** Where an address is, from the least private to the most: on the internet, in a private network, on this machine. */
export type Network = 'public' | 'private' | 'loopback';

declare const isBinary: unique symbol;

/**
 * Bytes as a string, one character per byte (latin1). Data that is only passed on is neither decoded nor encoded. Strings
 * rather than buffers: V8 lets hundreds of megabytes of buffers accumulate before it frees them.
 */
export type BinaryString = string & { readonly [isBinary]: true };

export interface Secrets {
  /** Grows with each value that was not noted yet. */
  readonly revision: number;
  /** Notes a value. `replacement`, by default `…`, is printed instead of it. */
  add(value: string, replacement?: string): void;
  /** Notes the keys in a server's URL: many services give each customer a URL of their own. */
  addUrl(url: string): void;
  /**
   * Adds a source of more secrets, which is read whenever a text is redacted. Its result is processed only once while it is the
   * same object, because a store may have a thousand secrets.
   */
  addSource(source: () => SecretSource): void;
  /** Redacts a text. */
  redact(text: string): string;
  /**
   * Redacts a sentence of mcp-auth: only the text in quotation marks, which comes from a server, and URLs. Its other words stay,
   * because any word may be a secret of some server.
   */
  redactSentence(text: string): string;
}

export interface SecretSource {
  readonly values: readonly string[];
  readonly urls: readonly string[];
}

/** Everything that reads or changes the world, but for the store. */
export interface Effects {
  readonly http: Http;
  readonly files: Files;
  readonly clock: Clock;
  readonly ui: Ui;
  readonly env: Env;
  /** Starts processes that renew tokens; absent where tokens are renewed in this process. */
  readonly refresher?: Refresher | undefined;
  /** Agents of other machines, and of this one. Absent where none is asked: in an agent, and in a process that renews. */
  readonly agents?: Agents | undefined;
  /** Runs a program with this process's streams and environment plus `variables`. Resolves to its exit code. */
  runProgram(words: readonly string[], variables: Readonly<Record<string, string>>): Promise<number>;
  /** Starts a program that goes on when this process ends, without a terminal. */
  startInBackground(words: readonly string[]): Promise<BackgroundProgram>;
  /** Starts a program whose stdin and stdout are pipes to this process. Throws `program_failed`. */
  startProgram(words: readonly string[], options: StartOptions): Promise<StartedProgram>;
  /** Aborted when the user interrupts the command; the reason is an AuthError. */
  readonly signal: AbortSignal;
}

export interface BackgroundProgram {
  /** Why it has ended, from its stderr; undefined while it runs. */
  getFailure(): string | undefined;
}

export interface StartOptions {
  /** Whether the user sees its stderr. Otherwise it is in the result. */
  readonly showsErrors: boolean;
  /** Receives its stdout as it arrives. */
  readonly take?: (text: string) => void;
}

/** A program that runs next to this one. */
export interface StartedProgram {
  /** Resolves when it has ended. */
  readonly ended: Promise<ProgramResult>;
  /** Writes to its stdin. Does nothing once it has ended. */
  write(text: string): void;
  /** Ends its stdin. */
  endInput(): void;
  /** Asks it to end, by SIGTERM. */
  stop(): void;
}

export interface ProgramResult {
  /** 128 and the number of the signal if one has ended it. */
  readonly exitCode: number;
  /** At most the first MiB of each. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface Refresher {
  /**
   * Starts a process that nothing ends but itself, gives it `request`, and hands over what it says, until it has ended or `take`
   * returns true: that was all. Where it cannot be started, it says nothing.
   *
   * @throws the signal's reason, at once: the process goes on.
   */
  start(request: object, options: { readonly take: (message: unknown) => boolean; readonly signal: AbortSignal }): Promise<void>;
}

/** A socket of an agent on this machine. */
export interface AgentSocket {
  readonly path: string;
  /** The machine that it was forwarded from, by the name of the file. */
  readonly machine?: string;
}

/** The agents whose sockets this user has on this machine. */
export interface Agents {
  /** The sockets to ask, best first. They need not be alive. */
  list(): readonly AgentSocket[];
  /** The socket of the agent that owns a store, whether or not there is one. Throws `usage` if there is no place for it. */
  findOwnerSocket(store: string): string;
  /** Whether there is a socket, alive or not. */
  isThere(socket: string): boolean;
  /** Machines whose agent was here and is not any more. */
  listAway(): readonly string[];
  /**
   * Sends a request over a socket. Resolves with the head of the response.
   *
   * @throws AuthError `agent_away` if no process listens there, `agent_failed` for a socket of another user, and as `Http.open` does.
   */
  open(socket: string, path: string, request?: HttpRequest): Promise<HttpResponse>;
  /**
   * Opens a connection for a protocol other than HTTP (RFC 9110 section 7.8). Resolves to it, or to the response that refuses it.
   *
   * @throws AuthError as `open`.
   */
  upgrade(socket: string, path: string, request: UpgradeRequest): Promise<Upgraded>;
  /** Closes idle connections. */
  close(): void;
}

export interface UpgradeRequest {
  readonly protocol: string;
  readonly headers: Record<string, string>;
  /** Ends the request. There is no other limit: the agent may be asking its user. */
  readonly signal: AbortSignal;
}

/** A connection whose octets are no longer HTTP; or the response that refuses it. */
export type Upgraded =
  { readonly connection: Duplex; readonly refusal?: never } | { readonly connection?: never; readonly refusal: HttpResponse };

export interface Env {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** Whether there is a file or folder of that name. */
  readonly exists: (file: string) => boolean;
  /** The folder that the command was typed in. */
  readonly folder: string;
  /** The words that start this very program. */
  readonly program: readonly string[];
  /** The secrets of this run, which must not be printed. */
  readonly secrets?: Secrets;
}

export interface Files {
  /**
   * Reads a file that the person named, as a key.
   *
   * @param what names it in the error: `file_unreadable`, also for UTF-16. A byte order mark is left out.
   */
  readText(file: string, what: string): Promise<string>;
  /** A file's text, with the byte order mark that it may have; undefined where there is none. Throws `file_unreadable`, `file_invalid`. */
  readIfThere(file: string): Promise<string | undefined>;
  /**
   * Writes another program's file at once, through a symbolic link if it is one, with the mode that it has, or 0600; where
   * it holds a secret from now on, others lose what they may do with it. What was there before the first time stays beside
   * it. Throws `file_unwritable`.
   */
  replaceText(file: string, text: string, options: { secret: boolean }): Promise<void>;
  /** Whether two paths lead to one file, which need not be there yet. */
  isSame(one: string, other: string): Promise<boolean>;
  /** Writes a file that holds no secret, and the folders that it is in. Throws `file_unwritable`. */
  writeText(file: string, text: string): Promise<void>;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `milliseconds`; rejects with the signal's reason when it aborts first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Calls `action` once after `milliseconds`, unless the returned function is called before. */
  alarm(milliseconds: number, action: () => void): () => void;
  /** Calls `action` every `milliseconds`, until the returned function is called. */
  every(milliseconds: number, action: () => void): () => void;
}

/** What the user wants one server to get in addition to what the protocol needs. */
export interface ServerAccess {
  /** The only origin that gets the headers. */
  readonly origin: string;
  /** By name, in lower case. A header of the request itself has precedence. */
  readonly headers: Readonly<Record<string, string>>;
  /** A TLS client certificate and its key in PEM, for every server that asks for one. The handshake does not reveal the key. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}

export interface Http {
  /** The most private network that requests may go to. */
  readonly allowedNetwork: Network;
  /** The same client, limited to this network and less private ones. For URLs from a server: the network of that server. */
  withAllowedNetwork(network: Network): Http;
  /** The same client, with headers and a client certificate for one server. */
  withServerAccess(access: ServerAccess): Http;
  /** The network in which a host was reached, the least private if there were several; `public` while it is not known. */
  networkOf(url: URL): Network;
  /**
   * Sends a request. Resolves when the whole response has been received, or with `stream`, its head.
   *
   * @throws AuthError `url_refused`, `address_refused`, `network_error`, `request_timed_out`, `response_invalid` (also: too large).
   */
  fetch(url: string | URL, request?: HttpRequest): Promise<Response>;
  /** As `fetch` with `stream`, as a Node response. The caller reads the body to its end, or destroys it. */
  open(url: string | URL, request?: HttpRequest): Promise<HttpResponse>;
  /** Closes idle and active connections. */
  close(): void;
}

/** A response whose body is still arriving. */
export interface HttpResponse {
  readonly status: number;
  /** By name, in lower case. Repeated headers are joined by commas. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Decompressed. */
  readonly body: Readable;
}

export interface HttpRequest {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | URLSearchParams | null;
  /** The encoding of a string body: UTF-8 by default, latin1 for a binary string. */
  readonly encoding?: 'latin1' | undefined;
  readonly signal?: AbortSignal | null;
  /** Whether the signal is used for many requests, as a bridge does. */
  readonly isSignalReused?: boolean;
  /** How many redirects to follow: 0 by default, as a request with a secret needs. */
  readonly maxRedirects?: number;
  /** Resolve as soon as the head has arrived. The body then has no time limit. */
  readonly stream?: boolean;
  /** Limit of the body in bytes, after decompression: by default 1 MiB, and no limit with `stream`. */
  readonly maxBytes?: number;
  /** Milliseconds for the request: by default 30,000; 0 for no limit. */
  readonly timeout?: number;
}

/** One key that does something by itself. */
export interface Key {
  /** In lower case. */
  readonly key: string;
  /** What it does, in a few words. */
  readonly help: string;
  press(): void;
}

/** stdout: the result of the command. Every method makes its text printable first. */
export interface Output {
  /** Prints text to stdout. */
  print(text: string): void;
  /** Prints one line of JSON to stdout. Unprintable characters are escaped, so that none is lost. */
  document(value: unknown): void;
  /** Resolves when everything printed has been written. Throws `output_failed`. */
  printed(): Promise<void>;
  /** Prints one line of JSON to stdout, with `--json` only. */
  event(event: LoginEvent): void;
}

/** stderr: messages for the user. Every method makes its text printable first. */
export interface Messages {
  /** A sentence. An empty text prints an empty line. */
  say(text?: string): void;
  /** A sentence of lesser weight. */
  remark(text: string): void;
  warn(text: string): void;
  succeed(text: string): void;
  fail(text: string, hint?: string): void;
  /** A URL alone on its line, whole. */
  address(url: string): void;
  /** A command line to type elsewhere, alone on its line. */
  command(line: string): void;
  /** A short code to type elsewhere, alone on its line. */
  code(code: string): void;
  /** A QR code of `text`, where there is a window that it fits in; `asked` for it by key, also with `--no-qr`. */
  qr(text: string, asked?: boolean): Promise<void>;
  /** Counts down to `until` (milliseconds since the epoch) on a line of its own, until the returned function is called. */
  countdown(label: string, until: number): () => void;
}

/** What the user types, pastes, chooses or opens. */
export interface Prompts {
  /** Where input comes from: a user at a terminal, lines from a pipe or file, or nowhere. */
  readonly input: 'terminal' | 'lines' | 'none';
  /** Copies `text` to the clipboard of the user's own machine, and reports the result. */
  copy(text: string): Promise<void>;
  /** Has keys act, at a terminal, until the returned function is called. They are named at the foot of the window. */
  press(keys: readonly Key[]): () => void;
  /** Asks for something to be pasted, however long and over however many lines. `undefined` when nothing more can come. */
  paste(question: { message: string; signal?: AbortSignal }): Promise<string | undefined>;
  /** Asks for one line. `undefined` when nothing more can come. `secret` keeps it off the screen. */
  ask(question: { message: string; secret?: boolean; signal?: AbortSignal }): Promise<string | undefined>;
  /** stdin and stdout for another program, line by line, of any length; until the signal. */
  lines(signal: AbortSignal): Lines;
  /** Asks for one of `choices`. Only at a terminal. */
  choose<T>(question: { message: string; choices: { name: string; value: T }[]; signal?: AbortSignal }): Promise<T>;
  /** Opens `url` in a browser of this machine, without a shell. False when there was none. */
  openBrowser(url: string): Promise<boolean>;
}

/** The terminal, or what stands in for it. */
export interface Ui extends Output, Messages, Prompts {}

/** Lines from and to another program, as they are. */
export interface Lines {
  /**
   * Hands over each line, without its end, as it comes. Resolves when no more will come.
   *
   * @param take may return a promise, which resolves when the line has been dealt with.
   */
  readonly each: (take: (line: BinaryString) => Promise<void> | undefined) => Promise<void>;
  /** Takes a line without its end. What it returns, if anything, resolves when more should be written. */
  readonly write: (line: BinaryString) => Promise<void> | undefined;
}

/** What names a login that another command finishes. */
interface HalfLogin {
  attempt: string;
}

/** What `--json` tells, one object a line. Names are the RFCs'. Public interface. */
export type LoginEvent =
  | ({ event: 'authorization_url'; url: string } & Partial<HalfLogin>)
  | ({
      event: 'device_code';
      verification_uri: string;
      verification_uri_complete?: string;
      user_code: string;
      expires_in: number;
      interval: number;
      /** The code is entered at a relay. */
      via?: 'relay';
    } & Partial<HalfLogin>)
  /** With `agent`, the login is on that machine. */
  | { event: 'logged_in'; server: string; scope?: string; expires_at?: number; agent?: string }
  /** The agent of another machine asks its user, or has opened its browser. */
  | { event: 'agent_asking' | 'agent_approving'; agent: string; server: string }
  | { event: 'error'; code: string; message: string; hint: string };
