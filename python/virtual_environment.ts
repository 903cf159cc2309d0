/** The packages that the user has installed. */

/**
 * The folder of packages of a virtual environment: that which is active, or that of the project. Its version does not
 * matter for packages that are not compiled.
 */
export function environment_folders(
  active: string | undefined,
  folder: string,
): string[] {
  const environments = active ? [active] : [`${folder}/.venv`];
  return environments.flatMap(packages_of);
}

/** `lib/python3.14/site-packages`, whatever the version. */
function packages_of(environment: string): string[] {
  try {
    return Array.from(Deno.readDirSync(`${environment}/lib`))
      .filter(({ name }) => name.startsWith("python"))
      .map(({ name }) => `${environment}/lib/${name}/site-packages`);
  } catch {
    return []; // There is none, or it may not be read.
  }
}
