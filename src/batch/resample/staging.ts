import { defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import { writeDataFile } from '#lake/data-file.ts';
import { type DataFile, type NewFile, UNITS_TAG } from '#lake/files.ts';
import type { Lake } from '#lake/lake.ts';
import { scanSql } from '#lake/scan.ts';
import type { TableDefinition } from '#lake/schema.ts';
import type { Snapshot } from '#lake/snapshot.ts';
