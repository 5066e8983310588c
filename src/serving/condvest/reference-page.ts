/** The page around Swagger UI, whose files the server has under `/reference/`. Scripts are files, as its policy demands. */
export const REFERENCE_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Condvest: API reference</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/reference/swagger-ui.css">
<body>
<main id="reference"><p>Loading the reference …</p></main>
<noscript><p>The reference needs JavaScript. The same as data: <a href="/condvest/v1/openapi.json">openapi.json</a></p></noscript>
<script src="/reference/swagger-ui-bundle.js"></script>
<script src="/condvest/docs/start.js"></script>
</body>
</html>
`;

/** Nothing is asked of anybody but this server: no validator, no fonts. */
export const REFERENCE_SCRIPT = `SwaggerUIBundle({
  url: '/condvest/v1/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'list',
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
`;
