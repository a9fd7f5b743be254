"use client";
import { useState } from "react";
import { greet } from "@/app/account/actions";

export function Greeting() {
  const [text, setText] = useState("");
  return (
    <p>
      <button onClick={async () => setText(await greet())}>Greet me</button> <output>{text}</output>
    </p>
  );
}
