export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
  /** Accessible name, if the label is an abbreviation. */
  readonly accessibleName?: string;
}

/** Segmented control made of radio buttons, so that arrow keys and screen readers work as usual. */
export function Segments<T extends string>({
  legend,
  name,
  choices,
  selected,
  isDisabled = false,
  onSelect,
}: {
  readonly legend: string;
  readonly name: string;
  readonly choices: readonly Choice<T>[];
  readonly selected: T | undefined;
  readonly isDisabled?: boolean;
  readonly onSelect: (value: T) => void;
}) {
  return (
    <fieldset class="segments" disabled={isDisabled}>
      <legend class="visually-hidden">{legend}</legend>
      {choices.map(({ value, label, accessibleName }) => (
        <label key={value}>
          <input
            type="radio"
            name={name}
            value={value}
            checked={value === selected}
            aria-label={accessibleName ?? label}
            onChange={() => onSelect(value)}
          />
          <span aria-hidden="true">{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
