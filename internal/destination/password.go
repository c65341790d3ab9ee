package destination

// HoldsPassword reports whether a URL may hold a password, so that it must not be
// given where others can see it. It errs on the careful side.
func HoldsPassword(url string) bool { return holdsPassword(url) }
