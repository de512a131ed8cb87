/** `#rgb` or `#rrggbb`, for a light and for a dark surrounding. */
export type Colour = { readonly light: string; readonly dark: string };

/** How the pages look: nine values that a stylesheet is made of, and a picture. Each was checked to be nothing else. */
export type Theme = {
  /** Buttons and links. */
  readonly accent: Colour;
  /** On the accent. */
  readonly accentText: Colour;
  readonly text: Colour;
  readonly mutedText: Colour;
  /** Cards and fields. */
  readonly surface: Colour;
  /** What they stand on. */
  readonly background: Colour;
  readonly border: Colour;
  /** Of corners, in pixels. */
  readonly radius: number;
  /** Names of families, the first that is there. */
  readonly font: readonly string[];
  /** A path on this origin, or a `data:` address of a picture; null for the name of the site. */
  readonly logo: string | null;
};
