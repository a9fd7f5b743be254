"""Sessions: issuing, checking, prolonging and ending them."""
