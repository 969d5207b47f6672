import { type ComponentType, render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './styles/index.css';
import { App } from './App';
import { bindKeys, EXPLORE_KEYS, LIVE_KEYS, STATUS_KEYS } from './keys';
import { startLive } from './live';
import { bindAddress, page } from './page';
import { isList } from './pages';
import { PageLost } from './panels/PageLost';
import { startAsking } from './program/feed';
import { StatusPage } from './program/StatusPage';
import { bindTheme } from './theme';

const app = document.getElementById('app') as HTMLElement;

bindAddress();
bindTheme();
if (page === 'status') {
  document.title = 'headcount: status';
  bindKeys(STATUS_KEYS);
  startAsking();
  render(<StatusPage />, app);
} else if (page === 'explore') {
  document.title = 'headcount: explore';
  bindKeys(EXPLORE_KEYS);
  void open(import('./explore/ExplorePage').then(({ ExplorePage }) => ExplorePage));
} else if (isList(page)) {
  document.title = `headcount: ${page}`;
  bindKeys(EXPLORE_KEYS);
  void open(import('./rows/RowsPage').then(({ RowsPage }) => RowsPage));
} else if (page === 'query') {
  document.title = 'headcount: query';
  bindKeys(STATUS_KEYS);
  void open(import('./query/QueryPage').then(({ QueryPage }) => QueryPage));
} else if (page === 'models') {
  document.title = 'headcount: models';
  bindKeys(STATUS_KEYS);
  void open(import('./models/ModelsPage').then(({ ModelsPage }) => ModelsPage));
} else if (page === 'clusters') {
  document.title = 'headcount: clusters';
  bindKeys(STATUS_KEYS);
  void open(import('./clusters/ClustersPage').then(({ ClustersPage }) => ClustersPage));
} else if (page === 'event') {
  document.title = 'headcount: event';
  bindKeys(STATUS_KEYS);
  void open(import('./event/EventPage').then(({ EventPage }) => EventPage));
} else if (page === 'report') {
  document.title = 'headcount: report';
  bindKeys(STATUS_KEYS);
  void open(import('./report/ReportPage').then(({ ReportPage }) => ReportPage));
} else {
  bindKeys(LIVE_KEYS);
  startLive();
  render(<App />, app);
}

/** Pages that not every reader opens are files of their own. */
async function open(loading: Promise<ComponentType>): Promise<void> {
  try {
    const Opened = await loading;
    render(<Opened />, app);
  } catch (error) {
    console.warn('headcount: load the page:', error);
    render(<PageLost page={page} />, app);
  }
}
