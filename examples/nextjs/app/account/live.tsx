"use client";
import { useState } from "react";

type Piece = { number: number; sentAt: string };

/** Calls two endpoints of Gatehouse that need a session: a plain one and an event stream. */
export function Live() {
  const [me, setMe] = useState("");
  const [pieces, setPieces] = useState<Piece[]>([]);

  async function callMe() {
    const answer = await fetch("/api/me");
    setMe(`${answer.status} ${await answer.text()}`);
  }

  async function listen(path: string) {
    setPieces([]);
    const answer = await fetch(path);
    if (!answer.ok || !answer.body) return;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      const events = (rest + read.value).split("\n\n");
      rest = events.pop() ?? "";
      const data = events.flatMap((event) => event.match(/^data: (.*)$/m)?.[1] ?? []);
      setPieces((before) => [...before, ...data.map((text) => JSON.parse(text) as Piece)]);
    }
  }

  return (
    <section>
      <p>
        <button onClick={callMe}>Call /api/me</button> <code>{me}</code>
      </p>
      {["/api/stream", "/api/live"].map((path) => (
        <button key={path} onClick={() => listen(path)}>
          Listen to {path}
        </button>
      ))}
      <ol>
        {pieces.map(({ number, sentAt }) => (
          <li key={number}>sent at {sentAt}</li>
        ))}
      </ol>
    </section>
  );
}
