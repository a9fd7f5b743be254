"use client";
import { useEffect, useEffectEvent } from "react";

const WAKING = "The sign-in service is waking up. This takes up to 15 seconds.";
const PAUSE = 2000; // milliseconds between attempts
const reload = () => window.location.reload();

type Props = { text?: string; onAwake?: () => void };

/** Says that Gatehouse is waking up, and continues once it is awake. */
export function Waking({ text = WAKING, onAwake = reload }: Props) {
  const goOn = useEffectEvent(onAwake);
  useEffect(() => {
    const left = new AbortController();
    const knock = async () => {
      if (await isAwake(left.signal)) goOn();
      else if (!left.signal.aborted) timer = window.setTimeout(knock, PAUSE);
    };
    let timer = window.setTimeout(knock, PAUSE);
    return () => {
      left.abort();
      window.clearTimeout(timer);
    };
  }, []);
  return <p role="status">{text}</p>;
}

async function isAwake(signal: AbortSignal) {
  try {
    const answer = await fetch("/api/auth/ok", { cache: "no-store", signal });
    return answer.ok && (await answer.json()).ok === true; // a platform's error page is not JSON
  } catch {
    return false;
  }
}
