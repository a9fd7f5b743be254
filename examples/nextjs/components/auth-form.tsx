"use client";
import { startTransition, useActionState, type InputHTMLAttributes } from "react";
import { Waking } from "@/components/waking";

type Refusal = { status: number; code?: string; message?: string };
type Props<Data> = {
  fields: (InputHTMLAttributes<HTMLInputElement> & { name: string; label: string })[];
  button: string;
  send: (values: Record<string, string>) => Promise<{ data: Data | null; error: Refusal | null }>;
  /** Leaves the page, or returns a message to show on it. */
  done: (data: Data | null) => string | void;
};

/** A form for one call of the client, which shows the result below its button. */
export function AuthForm<Data>({ fields, button, send, done }: Props<Data>) {
  const [{ filledIn, asleep, text }, submit, busy] = useActionState(
    async (_: unknown, filledIn: FormData) => {
      const pairs = [...filledIn].map(([name, value]) => [name, String(value)]);
      const { data, error } = await send(Object.fromEntries(pairs));
      if (error && isAsleep(error)) return { filledIn, asleep: true, text: "" };
      return { filledIn, asleep: false, text: error ? inWords(error) : (done(data) ?? "") };
    },
    { filledIn: new FormData(), asleep: false, text: "" },
  );
  const typed = (name: string) => String(filledIn.get(name) ?? "");
  return (
    <form action={submit}>
      {fields.map(({ label, ...field }) => (
        <p key={field.name}>
          <label>
            {label}{" "}
            <input
              required
              defaultValue={field.type === "password" ? "" : typed(field.name)}
              {...field}
            />
          </label>
        </p>
      ))}
      <button disabled={busy}>{button}</button>
      {asleep && !busy && <Waking onAwake={() => startTransition(() => submit(filledIn))} />}
      {text && <p role="alert">{text}</p>}
    </form>
  );
}

/** Every error of Gatehouse has a code. A 5xx without one comes from a proxy in front of it. */
const isAsleep = ({ status, code }: Refusal) => status >= 500 && !code;

const WORDS: Record<string, string> = {
  INVALID_TOKEN: "This link has been used or has expired.",
  SESSION_NOT_FRESH: "To change this, please sign out and in again first.",
  INVALID_TWO_FACTOR_COOKIE: "That took too long. Please sign in again.",
  TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE: "Too many wrong codes. Please sign in again.",
  ACCOUNT_TEMPORARILY_LOCKED: "Too many wrong codes. Please wait a quarter of an hour.",
};

function inWords({ status, code = "", message }: Refusal) {
  if (WORDS[code]) return WORDS[code];
  if (status === 429) return "Too many attempts. Please wait a minute.";
  return message || "That did not work. Please try again.";
}
