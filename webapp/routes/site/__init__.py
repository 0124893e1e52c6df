"""What the site has beside its tables: health, metrics, static files, languages, the API's description."""
