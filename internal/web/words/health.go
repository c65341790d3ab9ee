package words

// The page of health.
const (
	HealthTitle   = "Health"
	HealthAbout   = "The same examination as `stagedoor doctor`: this machine first, then each credential: the way to Zoom, its token, scopes and plan."
	HealthExamine = "Examine now"
	HealthAgain   = "Examine again"
	HealthNever   = "Not examined yet"
	HealthNeverDo = "It looks at the disk, the database, the key, the clock and the way to Zoom, and proves each credential. That takes a call or two of each."
	HealthRuns    = "Examining …"
	HealthAt      = "Examined"
	HealthMachine = "This machine"
	HealthAllGood = "All is well."
	HealthSome    = "Something is to be looked at."
	HealthBad     = "Something does not work."
	HealthAsk     = "An operator or admin can examine it."
	HealthSkipped = "left out"
)

// HealthResults are how checks come out, as people read them.
func HealthResults() map[string]string {
	return map[string]string{"ok": "good", "warn": "look", "fail": "fails", "skip": HealthSkipped}
}
