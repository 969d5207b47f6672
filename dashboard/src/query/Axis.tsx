interface AxisParts {
  label: string;
  names: readonly string[];
  value: string;
  onChoose: (name: string) => void;
}

/** Chooses a column of a picture; a lone one is only named. */
export function Axis({ label, names, value, onChoose }: AxisParts) {
  if (names.length < 2)
    return (
      <span>
        {label} <code dir="auto">{value}</code>
      </span>
    );
  return (
    <label>
      {label}{' '}
      <select value={value} dir="auto" onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
