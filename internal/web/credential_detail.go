package web

func (s *site) credentialDetailRoutes() []route { return nil }
