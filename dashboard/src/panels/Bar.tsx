import { paused, togglePause } from '../live';
import { shade, toggleTheme } from '../theme';
import { MoonIcon, PauseIcon, PlayIcon, SunIcon } from './icons';
import { StatusLine } from './StatusLine';

export function Bar() {
  return (
    <header class="bar">
      <a class="mark" href="/" aria-label="headcount, whole world">
        <img src="/icon.svg" width="22" height="22" alt="" />
        headcount
      </a>
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

function ThemeButton() {
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
