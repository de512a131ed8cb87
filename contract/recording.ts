/** What was recorded from a running Django server: transcripts by area, and the settings of each profile. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Json, type JsonObject, listAt, numberAt, objectAt, parseJson, textAt } from './json.ts';

export type RecordedRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON that was parsed; text for everything else; `{ base64 }` for raw bytes; null for none. */
  readonly body: Json;
};

export type RecordedResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: Json;
};

export type RecordedMail = { readonly to: string; readonly body: string };

export type RecordedStep = {
  readonly request: RecordedRequest;
  readonly response: RecordedResponse;
  readonly users: number;
  /** null where the project had no table of addresses. */
  readonly verified: number | null;
  readonly mails: readonly RecordedMail[];
};

export type GivenUser = {
  readonly username: string;
  readonly email: string;
  /** null for a password that nothing matches. */
  readonly password: string | null;
  /** A hash string as Django kept it, in place of a password. */
  readonly passwordHash: string | null;
  /** null where the project knew of the address only in the user's own row. */
  readonly verified: boolean | null;
  readonly isActive: boolean;
  readonly firstName: string;
  readonly lastName: string;
  readonly key: string | null;
  /** Who they are at providers. */
  readonly connections: readonly { readonly provider: string; readonly uid: string }[];
};

export type Transcript = {
  readonly area: string;
  readonly name: string;
  readonly profile: string;
  readonly users: readonly GivenUser[];
  /** The providers that are set up. */
  readonly providers: readonly string[];
  readonly steps: readonly RecordedStep[];
};

/** The settings of the recorded project under which a transcript was taken, by the names of its environment variables. */
export type Environment = Readonly<Record<string, string>>;

export type Recording = {
  readonly transcripts: readonly Transcript[];
  /** What is wrong with those that cannot be read. */
  readonly unreadable: readonly string[];
  readonly profiles: ReadonlyMap<string, Environment>;
};

/** Reads `profiles.json` and `transcripts/*.json` of a folder. */
export function readRecording(folder: string): Recording {
  const profiles = objectAt(parseJson(readFileSync(join(folder, 'profiles.json'), 'utf8')), 'profiles.json');
  const files = readdirSync(join(folder, 'transcripts')).filter((file) => file.endsWith('.json'));
  const read = files.sort().flatMap((file) => transcriptsIn(join(folder, 'transcripts', file), file));
  return {
    transcripts: read.filter((one) => typeof one !== 'string'),
    unreadable: read.filter((one) => typeof one === 'string'),
    profiles: new Map(Object.entries(profiles).map(([name, profile]) => [name, environmentOf(profile, name)])),
  };
}

function environmentOf(profile: Json, name: string): Environment {
  const env = objectAt(objectAt(profile, name)['env'], `${name}.env`);
  return Object.fromEntries(Object.entries(env).map(([key, value]) => [key, textAt(value, `${name}.env.${key}`)]));
}

function transcriptsIn(path: string, file: string): readonly (Transcript | string)[] {
  const area = file.replace(/\.json$/, '');
  return listAt(parseJson(readFileSync(path, 'utf8')), file).map((item, index) => {
    try {
      return transcriptOf(objectAt(item, `${file}[${index}]`), area);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  });
}

export function transcriptOf(item: JsonObject, area: string): Transcript {
  const name = textAt(item['name'], `a transcript of ${area}`);
  const where = `${area}: ${name}`;
  const given = objectAt(item['given'], where);
  const users = listAt(given['users'] ?? [], where);
  const apps = listAt(given['social_apps'] ?? [], where);
  return {
    area,
    name,
    profile: textAt(item['profile'], where),
    users: users.map((user) => userOf(objectAt(user, where))),
    providers: apps.map((app) => textAt(objectAt(app, where)['provider'], where)),
    steps: listAt(item['steps'], where).map((step, index) =>
      stepOf(objectAt(step, where), `${where}, step ${index + 1}`),
    ),
  };
}

const DEFAULT_PASSWORD = 'correct horse 9!';

function userOf(user: JsonObject): GivenUser {
  const text = (name: string): string => (typeof user[name] === 'string' ? user[name] : '');
  const { password, verified, token } = user;
  return {
    username: text('username'),
    email: text('email'),
    password: password === null ? null : typeof password === 'string' ? password : DEFAULT_PASSWORD,
    passwordHash: typeof user['password_raw'] === 'string' ? user['password_raw'] : null,
    verified: typeof verified === 'boolean' ? verified : null,
    isActive: user['is_active'] !== false,
    firstName: text('first_name'),
    lastName: text('last_name'),
    key: typeof token === 'string' ? token : null,
    connections: listAt(user['social'] ?? [], 'social').map((one) => connectionOf(objectAt(one, 'social'))),
  };
}

function connectionOf({ provider = '', uid = '' }: JsonObject): GivenUser['connections'][number] {
  return { provider: textAt(provider, 'social'), uid: textAt(uid, 'social') };
}

function stepOf(step: JsonObject, where: string): RecordedStep {
  const request = objectAt(step['request'], where);
  const response = objectAt(step['response'], where);
  const after = objectAt(step['db_after'], where);
  const { 'Set-Cookie': cookies, ...headers } = objectAt(response['headers'], where);
  const verified = after['verified_emails'];
  return {
    request: {
      method: textAt(request['method'], where),
      path: textAt(request['path'], where),
      headers: headersOf(objectAt(request['headers'] ?? {}, where), where),
      body: request['body'] ?? null,
    },
    response: {
      status: numberAt(response['status'], where),
      headers: headersOf(headers, where),
      cookies: typeof cookies === 'string' ? [cookies] : listAt(cookies ?? [], where).map((one) => textAt(one, where)),
      body: response['body'] ?? '',
    },
    users: numberAt(after['users'], where),
    verified: typeof verified === 'number' ? verified : null,
    mails: listAt(step['mail'] ?? [], where).map((mail) => mailOf(objectAt(mail, where), where)),
  };
}

function mailOf(mail: JsonObject, where: string): RecordedMail {
  return { to: textAt(mail['to'], where), body: textAt(mail['body'], where) };
}

function headersOf(headers: JsonObject, where: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, textAt(value, `${where}, ${name}`)]));
}
