import { askingFor } from "@/lib/gatehouse";

/** Forwards Gatehouse's event stream. */
export async function GET(request: Request) {
  const answer = await fetch(new URL("/api/stream", process.env.GATEHOUSE_URL), {
    headers: askingFor(request.headers),
    cache: "no-store",
    signal: request.signal, // when the visitor leaves, the upstream request ends too
  });
  const headers = new Headers({ "cache-control": "no-store, no-transform" });
  for (const name of ["content-type", "retry-after"]) {
    const value = answer.headers.get(name);
    if (value) headers.set(name, value);
  }
  for (const line of answer.headers.getSetCookie()) headers.append("set-cookie", line);
  return new Response(answer.body, { status: answer.status, headers });
}
