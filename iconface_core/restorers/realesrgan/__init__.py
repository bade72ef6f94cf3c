"""Real-ESRGAN: a general enlarger that invents texture, slow on a CPU. Its files come with a package of its own."""
