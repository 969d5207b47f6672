import type { ComponentChildren } from 'preact';

function Icon({ children, isFilled = false }: { children: ComponentChildren; isFilled?: boolean }) {
  return (
    <svg
      class={isFilled ? 'icon is-filled' : 'icon'}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const PauseIcon = () => (
  <Icon>
    <path d="M5 3.5v9M11 3.5v9" />
  </Icon>
);

export const PlayIcon = () => (
  <Icon isFilled>
    <path d="M5 3.5v9l7.5-4.5z" />
  </Icon>
);

export const SunIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="3" />
    <path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1" />
  </Icon>
);

export const MoonIcon = () => (
  <Icon>
    <path d="M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z" />
  </Icon>
);

export const Cross = () => (
  <svg class="icon" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
    <path d="M2 2l6 6M8 2l-6 6" />
  </svg>
);

export const Chevron = () => (
  <svg class="icon" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
    <path d="M3.500 1.500L7 5L3.500 8.500" />
  </svg>
);
