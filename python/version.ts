/** The version of Pyodide that this package is made for and tested with; DESIGN.md says why. */
export const VERSION = "314.0.7";
