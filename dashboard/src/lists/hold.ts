import { useSignal } from '@preact/signals';

/** Whether the pointer is on an element, and the handlers that tell. */
export function useHold() {
  const isHeld = useSignal(false);
  return {
    isHeld: isHeld.value,
    handlers: {
      onPointerEnter: () => {
        isHeld.value = true;
      },
      onPointerLeave: () => {
        isHeld.value = false;
      },
    },
  };
}
