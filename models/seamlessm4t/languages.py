"""The languages of SeamlessM4T: the lab's codes (ISO 639-1 where there is one) and the model's (mostly ISO 639-3)."""

from collections.abc import Mapping

_CODES = """
af afr, am amh, ar arb, ary ary, arz arz, as asm, ast ast, az azj, be bel, bg bul, bn ben, bs bos, ca cat, ceb ceb,
ckb ckb, cs ces, cy cym, da dan, de deu, el ell, en eng, es spa, et est, eu eus, fa pes, fi fin, fr fra, ga gle, gaz
gaz, gl glg, gu guj, he heb, hi hin, hr hrv, hu hun, hy hye, id ind, ig ibo, is isl, it ita, ja jpn, jw jav, ka kat,
kam kam, kea kea, kk kaz, km khm, kn kan, ko kor, ky kir, lb ltz, lg lug, lo lao, lt lit, luo luo, lv lvs, mai mai,
mk mkd, ml mal, mn khk, mni mni, mr mar, ms zsm, mt mlt, my mya, ne npi, nl nld, nn nno, no nob, ny nya, oc oci, or
ory, pa pan, pl pol, ps pbt, pt por, ro ron, ru rus, sd snd, sk slk, sl slv, sn sna, so som, sr srp, sv swe, sw swh,
ta tam, te tel, tg tgk, th tha, tl tgl, tr tur, uk ukr, ur urd, uz uzn, vi vie, xh xho, yo yor, yue yue, zh cmn, zu
zul
"""
MODEL_CODES: Mapping[str, str] = dict(pair.split() for pair in " ".join(_CODES.split()).split(","))
"""The lab's code -> the model's."""
