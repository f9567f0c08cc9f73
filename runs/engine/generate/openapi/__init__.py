"""Documents that describe an API: OpenAPI 3 and Swagger 2, in JSON or YAML, read into operations to be tried."""
