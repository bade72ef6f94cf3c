"""How good a restorer is: cases, methods, scores, and a judge of identity that nothing was trained with."""
