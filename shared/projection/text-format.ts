/**
 * Settings that decide how a value is written as text and read back. Source and target sessions pin
 * the same ones, so that what COPY prints on one server means the same on the other. All of them
 * exist from release 9.6 on; poolers refuse startup parameters, hence `set_config` per transaction.
 */
export const textFormatSettings: Readonly<Record<string, string>> = {
  search_path: '',
  client_encoding: 'UTF8',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '3',
  // money: the symbol and the number of decimals follow the locale.
  lc_monetary: 'C',
  // With it off, an array's unquoted NULL would be read as a text.
  array_nulls: 'on',
  xmlbinary: 'base64',
  xmloption: 'content',
  quote_all_identifiers: 'off',
  standard_conforming_strings: 'on',
  // An error, not silently fewer rows, for a role that policies apply to.
  row_security: 'off',
}
