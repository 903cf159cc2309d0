/** A script that does nothing. */

export {};
