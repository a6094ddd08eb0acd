"""What decides who may enter: pure values and functions, standard library only."""
