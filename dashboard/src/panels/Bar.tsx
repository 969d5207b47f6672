import { paused, togglePause } from '../live';
import { shade, toggleTheme } from '../theme';
import { MoonIcon, PauseIcon, PlayIcon, SunIcon } from './icons';
import { Mark } from './Mark';
import { StatusLine } from './StatusLine';

export function Bar() {
  return (
    <header class="bar">
      <Mark current="live" />
      <StatusLine />
      <PauseButton />
      <ThemeButton />
    </header>
  );
}

function PauseButton() {
  const label = paused.value ? 'Resume' : 'Pause';
  return (
    <button type="button" class="button" onClick={togglePause} title={`${label} (P)`} aria-label={label}>
      {paused.value ? <PlayIcon /> : <PauseIcon />}
      <span>{label}</span>
    </button>
  );
}

export function ThemeButton() {
  const other = shade.value === 'dark' ? 'light' : 'dark';
  const label = `Use the ${other} theme`;
  return (
    <button
      type="button"
      class="button is-square"
      onClick={toggleTheme}
      title={`${label} (T)`}
      aria-label={label}
    >
      {shade.value === 'dark' ? <SunIcon /> : <MoonIcon />}
    </button>
  );
}
