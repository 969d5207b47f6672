import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './styles/index.css';
import { App } from './App';
import { bindKeys } from './keys';
import { startLive } from './live';
import { bindAddress } from './page';
import { bindTheme } from './theme';

bindAddress();
bindTheme();
bindKeys();
startLive();
render(<App />, document.getElementById('app') as HTMLElement);
