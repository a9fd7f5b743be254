import { getSessionCookie } from "better-auth/cookies";
import { NextResponse, type NextRequest } from "next/server";
import { onBehalfOf } from "@/lib/gatehouse";

export const config = {
  matcher: ["/api/auth/:path*", "/api/me", "/api/stream", "/account/:path*"],
};

export function proxy(request: NextRequest) {
  if (request.nextUrl.pathname.startsWith("/api/")) return passOn(request);
  // Whoever has no cookie at all need not wait for the page. What a cookie is worth, the page asks.
  if (!getSessionCookie(request)) return NextResponse.redirect(new URL("/sign-in", request.url));
  return NextResponse.next();
}

function passOn(request: NextRequest) {
  const { pathname, search } = request.nextUrl;
  const headers = new Headers(request.headers);
  // Always both, also when they are empty: a browser must not bring its own.
  for (const [name, value] of Object.entries(onBehalfOf(request.headers))) headers.set(name, value);
  const target = new URL(pathname + search, process.env.GATEHOUSE_URL);
  return NextResponse.rewrite(target, { request: { headers } });
}
