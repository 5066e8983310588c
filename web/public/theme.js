// Runs before the first paint, so that the page does not flash in the other theme: the one chosen, else the system's.
const isDark = matchMedia('(prefers-color-scheme: dark)').matches;
let chosen;
try {
  chosen = localStorage.getItem('condvest-theme');
} catch {
  // Storage is off: the system's theme it is.
}
document.documentElement.dataset.theme = chosen === 'light' || chosen === 'dark' ? chosen : isDark ? 'dark' : 'light';
