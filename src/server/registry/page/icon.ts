/** A ship's stack of containers, for the browser's tab; readable on light and dark. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<g fill="#2f7fd1"><rect x="3" y="3" width="4" height="3"/><rect x="9" y="3" width="4" height="3"/>
<rect x="3" y="7" width="4" height="3"/><rect x="9" y="7" width="4" height="3"/><path d="M1 11h14l-2 4H3z"/></g></svg>
`;
