export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
  /** Read out instead of the label, where that is short for something. */
  readonly spoken?: string;
}

/** One of a few, all in sight. Radio buttons, so arrows move the choice and screen readers count it. */
export function Segments<T extends string>({
  legend,
  name,
  choices,
  chosen,
  isDisabled = false,
  onChoose,
}: {
  readonly legend: string;
  readonly name: string;
  readonly choices: readonly Choice<T>[];
  readonly chosen: T | undefined;
  /** Nothing can be chosen yet. */
  readonly isDisabled?: boolean;
  readonly onChoose: (value: T) => void;
}) {
  return (
    <fieldset class="segments" disabled={isDisabled}>
      <legend class="unseen">{legend}</legend>
      {choices.map(({ value, label, spoken }) => (
        <label key={value}>
          <input
            type="radio"
            name={name}
            value={value}
            checked={value === chosen}
            aria-label={spoken ?? label}
            onChange={() => onChoose(value)}
          />
          <span aria-hidden="true">{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
