// Sets the saved theme, or else the system's, before the first paint, so that the page never flashes in the wrong one.
const isDark = matchMedia('(prefers-color-scheme: dark)').matches;
let saved;
try {
  saved = localStorage.getItem('condvest-theme');
} catch {
  // Storage is disabled: use the system's theme.
}
document.documentElement.dataset.theme = saved === 'light' || saved === 'dark' ? saved : isDark ? 'dark' : 'light';
