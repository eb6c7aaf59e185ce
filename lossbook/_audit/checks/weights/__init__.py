"""Sample weights: which axis they meet, and what their zeros and their sum do."""
