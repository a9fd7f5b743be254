import type { Metadata } from "next";
import { Visitor } from "@/components/visitor";
import "./globals.css";

export const metadata: Metadata = { title: "An app with Gatehouse" };

// Tailwind resets the browser's own styles; these make headings, links and fields visible again.
const STYLES =
  "mx-auto max-w-xl space-y-4 p-6 wrap-anywhere [&_a]:underline [&_button]:border [&_button]:px-2 " +
  "[&_h1]:text-2xl [&_input]:border [&_input]:px-2 [&_p]:my-3";

export default function RootLayout({ children }: LayoutProps<"/">) {
  return (
    <html lang="en">
      <body className={STYLES}>
        <Visitor />
        {children}
      </body>
    </html>
  );
}
