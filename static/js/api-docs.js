// The browsable API: Swagger UI over our own schema, with the page's CSRF token on what is tried out.

const place = document.getElementById("api-docs");

function withToken(request) {
  if (new URL(request.url, location.href).origin === location.origin) {
    request.headers["X-CSRFToken"] = place.dataset.csrf;
  }
  return request;
}

window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  validatorUrl: null,
  requestInterceptor: withToken,
});
