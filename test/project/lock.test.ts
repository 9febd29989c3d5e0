import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { satisfies } from '../support/versions.js';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const manifest = JSON.parse(read('package.json'));
const lockText = read('package-lock.json');
const packages: Readonly<Record<string, LockedPackage>> = JSON.parse(lockText).packages;
const direct: readonly (readonly [string, string])[] = Object.entries({
  ...manifest.dependencies,
  ...manifest.devDependencies,
});

describe('package-lock.json', () => {
  it('names no registry: it installs from whichever the user has', () => {
    expect(Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
    expect(lockText).not.toMatch(/registry\.|"resolved"|\.tgz"/);
  });

  it('pins every package with a version and what its contents hash to', () => {
    const installed = Object.entries(packages).filter(([path]) => path !== '');
    expect(installed.length).toBeGreaterThan(direct.length);
    for (const [path, { version, integrity, link }] of installed) {
      expect(link, path).toBeUndefined();
      expect(version, path).toMatch(/^\d+\.\d+\.\d+/);
      expect(integrity, path).toMatch(/^sha512-/);
    }
  });

  it('has the dependencies of package.json, word for word', () => {
    const root = packages[''];
    expect(root?.dependencies).toEqual(manifest.dependencies);
    expect(root?.devDependencies).toEqual(manifest.devDependencies);
    expect(root?.version).toBe(manifest.version);
  });

  it.each(direct)('pins %s at a version within %s', (name, range) => {
    const version = packages[`node_modules/${name}`]?.version ?? '';
    expect(satisfies(version, range), `${name} ${version}`).toBe(true);
  });
});

describe('the comparison of versions', () => {
  it.each([
    ['1.2.3', '^1.2.3', true],
    ['1.9.0', '^1.2.3', true],
    ['1.2.2', '^1.2.3', false],
    ['2.0.0', '^1.2.3', false],
    ['0.5.1', '^0.5.0', true],
    ['0.6.0', '^0.5.0', false],
    ['0.5.0', '^0.4.9', false],
    ['6.0.9', '~6.0.0', true],
    ['6.1.0', '~6.0.0', false],
    ['1.2.3', '1.2.3', true],
    ['1.2.4', '1.2.3', false],
    ['', '^1.2.3', false],
  ])('of %s with %s says %s', (version, range, expected) => {
    expect(satisfies(version, range)).toBe(expected);
  });
});
