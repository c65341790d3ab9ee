package zoomsim

import (
	"math/rand/v2"
	"slices"
)

// logEditor edits a log, whose rows hang on nothing else. A row's twins are
// edited with it: they are one event, told twice.
type logEditor[T interface {
	dated
	comparable
}] struct {
	log *made[T]
	// fresh tells that a row was not edited yet.
	fresh  func(T) bool
	change func(*rand.Rand, T) T
	// late makes up a row; its time lies in the last day.
	late func(*rand.Rand) T
}

func (e logEditor[T]) editor(s *Simulator) editor {
	with := func(what func(r *rand.Rand, old T)) func(*rand.Rand) bool {
		return func(r *rand.Rand) bool {
			i := recent(s, r, e.log.all(), e.fresh)
			if i >= 0 {
				what(r, e.log.all()[i])
			}
			return i >= 0
		}
	}
	return editor{
		change: with(func(r *rand.Rand, old T) {
			row, rows := e.change(r, old), slices.Clone(e.log.all())
			for i := range rows {
				if rows[i] == old {
					rows[i] = row
				}
			}
			e.log.rows = rows
		}),
		late: func(r *rand.Rand) bool {
			e.log.rows = inserted(e.log.all(), e.late(r))
			return true
		},
		remove: with(func(_ *rand.Rand, old T) {
			e.log.rows = slices.DeleteFunc(slices.Clone(e.log.all()), func(row T) bool { return row == old })
		}),
	}
}

// addLogEditors lets edits at the logs of what users and admins did.
func (s *Simulator) addLogEditors() {
	s.editors["sign_in_activities"] = logEditor[signIn]{
		log:   &s.signIns,
		fresh: func(i signIn) bool { return !i.edited },
		change: func(r *rand.Rand, i signIn) signIn {
			i.version, i.edited = i.version+" (updated)", true
			return i
		},
		late: func(r *rand.Rand) signIn {
			i := newSignIn(r, pick(r, s.joined))
			i.at, i.edited = s.lateSecond(r), true
			return i
		},
	}.editor(s)
	s.editors["operation_logs"] = logEditor[operationLog]{
		log:   &s.operationLogs,
		fresh: func(l operationLog) bool { return !l.edited },
		change: func(r *rand.Rand, l operationLog) operationLog {
			l.detail, l.edited = l.detail+" (corrected)", true
			return l
		},
		late: func(r *rand.Rand) operationLog {
			l := operationLog{
				at: s.lateSecond(r), operator: s.account.users[0].email,
				category: pick(r, operationCategories), action: "Update", edited: true,
			}
			l.detail = changeOf(r, l, pick(r, s.joined), 0)
			return l
		},
	}.editor(s)
}

// lateSecond is a whole second of the last day, in Unix milliseconds.
func (s *Simulator) lateSecond(r *rand.Rand) int64 {
	return s.until.UnixMilli() + 1000*r.Int64N(24*60*60)
}
