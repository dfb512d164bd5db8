"""Valid scripts, as people write them."""

SCRIPTS = {
    "three": """\
size 1920x1024
length 121f @ 24fps
seed 42
img = image "queen.png"
prompt "An egyptian queen walks through rows of robot soldiers."
negative "cartoon, childish"
inplace img @ 0 strength 0.7
guide img @ end strength 0.5
pass 0.25x dev 40 er_sde linear_quadratic { cfg 3 }
upscale 2x distill 0.6 3 er_sde
upscale 2x distill 0.6 3 er_sde
save "queen.mp4" crf 17
""",
    "text": """\
size 768x512
length 97f
prompt "Rain on a window at night, street lights behind it."
pass dev 30
save "rain.mp4"
""",
    "relay": """\
size 768x512
length 5s @ 24fps
prompt "A kitchen in morning light, one woman at the table."
relay "She cuts bread." 0s..2s | "She looks up." 2s..5s eps 0.1
pass distill 8
save "kitchen.mp4"
""",
    "steps": """\
size 768x512
length 97f
prompt "A red ball bounces across a wooden floor."
negative "blurry, text"
stg 1 blocks 2
pass dev 20 euler { cfg 4 for 5 then 2 audio 7; rescale 0.7 }
save "ball.mp4"
""",
    "sigmas": """\
size 768x512
length 97f
prompt "Rain on a window."
pass 0.5x distill euler sigmas 1, 0.975, 0.9, 0.7, 0.4, 0
upscale 2x distill euler sigmas 0.85, 0.725, 0.4219, 0
save "rain.mp4" crf 19
""",
    "shots": """\
import std distilled
let look = "35 mm film, soft light"
size 768x512
length 49f
shot opening {
  prompt "A lake at dawn. {look}."
  use distilled
  save "opening.mp4"
}
shot close {
  length 97f
  prompt "A heron among the reeds. {look}."
  use distilled
  save "close.mp4"
}
""",
    "sweep": """\
input steps = 8 "steps of every clip"
size 768x512
length 49f
prompt "A red ball."
sweep s in 0.4, 0.5, 0.6 {
  shot "ref-{s}" {
    pass distill s steps
    save "ref-{s}.mp4"
  }
}
""",
    "recipe": """\
recipe film(stock = "35 mm film", strength = 3) {
  prompt "A lighthouse in a storm. {stock}."
  cfg strength
}
size 768x512
length 97f
use film stock "16 mm film"
pass dev 30
save "lighthouse.mp4"
""",
    "sound": """\
size 768x512
length 97f
audio "v.wav" ambience 0.02
prompt "A man speaks to us."
pass distill 8
save "man.mp4"
""",
    "video": """\
size 128x128
length 17f
from "walk.mp4"
prompt "A lake in winter."
pass distill distilled denoise 0.5
trim first 3f
save "winter.mp4"
""",
    "guides": """\
size 768x512
length 97f
reference "a.png" strength 0.35
guide "walk.mp4" @ 33f strength 0.8
guide "b.png" @ 50% strength 0.4
prompt "A queen turns to us."
pass dev 30 euler
save "queen.mov" prores4444
""",
    "hdr": """\
size 768x512
length 97f
prompt "The sun behind a tower."
pass distill 8
hdr lora "hdr.safetensors" 1.5 {
  decode logc3
  save "shot.%04d.exr" linear half
  save "shot.mov" prores4444 logc3
}
""",
}
