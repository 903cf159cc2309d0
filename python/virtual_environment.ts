/** Where the packages of a virtual environment are. */

/**
 * The `site-packages` of the active virtual environment, or otherwise of the project's `.venv`, whatever their version
 * of Python: it hardly matters to packages that are not compiled.
 */
export function environment_folders(
  active: string | undefined,
  folder: string,
): string[] {
  const environments = active ? [active] : [`${folder}/.venv`];
  return environments.flatMap(packages_of);
}

function packages_of(environment: string): string[] {
  try {
    return Array.from(Deno.readDirSync(`${environment}/lib`))
      .filter(({ name }) => name.startsWith("python"))
      .map(({ name }) => `${environment}/lib/${name}/site-packages`);
  } catch {
    return []; // There is no environment, or reading it is not allowed.
  }
}
