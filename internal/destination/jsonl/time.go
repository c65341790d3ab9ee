package jsonl

import "time"

const timeFormat = "2006-01-02T15:04:05.000Z"

// times writes times. It keeps the day that it wrote last, since the times of
// neighbouring rows lie in few days, and a day is what takes long to work out.
type times struct {
	day  int64 // since 1970
	text []byte
}

const dayMicros = int64(24 * time.Hour / time.Microsecond)

func (t *times) append(to []byte, micros int64) []byte {
	day := micros / dayMicros
	if micros%dayMicros < 0 {
		day--
	}
	if t.text == nil || t.day != day {
		t.day, t.text = day, time.UnixMicro(day*dayMicros).UTC().AppendFormat(t.text[:0], "2006-01-02T")
	}
	millis := int((micros - day*dayMicros) / 1000)
	to = append(to, t.text...)
	to = append(two(to, millis/3_600_000), ':')
	to = append(two(to, millis/60_000%60), ':')
	to = append(two(to, millis/1000%60), '.')
	to = append(to, byte('0'+millis/100%10))
	return append(two(to, millis%100), 'Z')
}

func two(to []byte, n int) []byte { return append(to, byte('0'+n/10), byte('0'+n%10)) }
