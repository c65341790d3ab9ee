// Package scope answers which scopes an app at Zoom needs. A [Purpose] is what
// people say that they want ("reports"), and stands for operations of the API;
// a [Catalogue], made of the table of operations, finds the [List] of the
// fewest and narrowest scopes that permit them, in either of Zoom's two
// vocabularies, and a [Comparison] holds such a list against the scopes that a
// token has.
//
// It calls nobody and knows neither credentials nor streams: who asks says
// which operations are used, and for what.
package scope
