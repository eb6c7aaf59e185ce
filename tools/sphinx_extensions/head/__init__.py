"""What a page says of itself to search engines and previews of links."""
