"""Scripts to export, by what they show."""

SCRIPTS = {
    "one-liner": (
        'guide img @ -1 strength 0.4; relay "a does this" | "then that" eps 0.1; '
        "pass 0.25x dev 40 er_sde { cfg 3 }; upscale 2x distill 0.6"
    ),
    "three passes": """
        size 1536x1024; length 121f @ 24fps; seed 42
        img = image "face.png"
        prompt "An egyptian queen walks through rows of robot soldiers"
        negative "cartoon, childish"
        inplace img @ 0 strength 0.7
        guide img @ end strength 0.5
        pass 0.25x dev 40 er_sde linear_quadratic { cfg 3; lora "mine.safetensors" 0.8 }
        upscale 2x distill 0.6 3 er_sde
        upscale 2x distill 0.6 3 er_sde
        save "queen.mp4" crf 17
    """,
    "first and last frame": 'prompt "a lake"; inplace img @ 0; guide img @ end; pass distill 8',
    "guide video": 'prompt "a lake"; guide clip @ 0 attention 0.6; guide clip @ 33f; pass distill 8',
    "guide video later, other attention": 'prompt "a lake"; guide clip @ 41f attention 0.5; pass distill 8',
    "guide with attention": 'prompt "a lake"; guide img @ 40f strength 0.9 attention 0.5; pass distill 8',
    "strong guide": 'prompt "a lake"; guide img @ 40f strength 1.5; pass distill 8',
    "in place later": 'prompt "a lake"; inplace img @ 48f strength 0.8; pass distill 8',
    "negative": 'prompt "a lake"; negative "people"; pass dev 20 { cfg 3 }',
    "cfg by modality": 'prompt "a lake"; pass dev 20 { cfg 3 audio 7 }',
    "cfg by step": 'prompt "a lake"; pass distill 8 { cfg 2 for 2 then 1 }',
    "cfg in three stretches": 'prompt "a lake"; pass dev 20 er_sde { cfg 4 for 2 then 3 for 5 then 1 }',
    "cfg by step, two calls a step": 'prompt "a lake"; pass dev 20 heun { cfg 2 for 2 then 1 }',
    "cfg by step and modality": 'prompt "a lake"; pass dev 20 { cfg 2 for 4 then 1 audio 7 for 6 then 3 }',
    "all terms": 'prompt "a lake"; negative "people"; pass dev 20 { cfg 3 audio 7; stg 1; modality 3; rescale 0.7 }',
    "terms by step": (
        'prompt "a lake"; pass distill 8 { cfg 2 for 2 then 1; modality 2.5 for 4 then 1 audio 3; stg 1 for 2 then 0 }'
    ),
    "terms with a picture in place": 'prompt "a lake"; inplace img @ 0; pass distill 8 { stg 1 blocks 14, 19 }',
    "sampler options": (
        'prompt "a lake"; pass 0.5x dev 20 { sampler er_sde kind reverse max_stage 2 eta 0.5 }; '
        "upscale 2x euler_ancestral { sampler euler_ancestral eta 0.4 s_noise 0.9 }; pass distill 3 lcm; "
        "pass distill 3 { sampler seeds_2 r 0.75 }; pass distill 3 { sampler dpmpp_2m_sde solver_type heun }; "
        "pass distill 3 { sampler dpmpp_sde eta 0.5 }; pass distill 3 { sampler lcm s_noise 0.9 }; "
        "pass distill 3 { sampler exp_heun_2_x0 solver_type phi_1 }; "
        "pass distill 3 { sampler dpmpp_2s_ancestral eta 0 }"
    ),
    "split sigmas": 'prompt "a lake"; negative "people"; pass distill 8 to 2 { cfg 2 }; pass distill 8 from 2',
    "denoise": 'prompt "a lake"; pass 0.5x distill 8; upscale 2x distill 4 linear_quadratic denoise 0.5',
    "lora by step": 'prompt "a lake"; pass distill 8 { lora "mine.safetensors" 1 for 3 then 0.5 }',
    "lora by modality": 'prompt "a lake"; pass distill 8 { lora "mine.safetensors" 0.8 audio 0.3 }',
    "patches": (
        'prompt "a lake"; attention sage; cache easy 0.3 from 20% to 90%; chunk 4 above 2048; '
        "tune across_to_picture 1.2; "
        'normalize 1, 0.5; nag "people"; pass dev 30 { cfg 1 }; pass dev 30 { cache lazy; attention sdpa }'
    ),
    "enhance": (
        'enhance "a queen walks" seed 7 tokens 256 lora "mine.safetensors" strength 0.9; timed "[0-2s] she stops"; '
        'lora "id-lora-talkvid.safetensors"; pass distill 8; upscale 2x'
    ),
    "enhance with relay": 'enhance "a queen walks"; relay "she stops" | "she turns"; pass distill 8',
    "upscale with statistics": (
        'prompt "a lake"; guide img @ end; pass 0.5x distill 8; upscale 2x adain 0.6 by_frame start 0.85'
    ),
    "upscale in time with statistics": 'length 49f; prompt "a lake"; pass distill 8; upscale time 2x adain 0.5',
    "upscale through pixels": 'prompt "a lake"; guide img @ end; pass 0.5x distill 8; upscale 2x by bicubic adain 0.25',
    "upscale by a picture model": 'prompt "a lake"; pass 0.5x distill 8; upscale 2x enlarge "4x-UltraSharp.pth"',
    "upscale by RTX": 'prompt "a lake"; decode tile 512; pass 0.5x distill 8; upscale 2x enlarge rtx',
    "sound partly anew": 'prompt "a"; pass 0.5x distill 8; upscale 2x { sound anew 0.3 }; pass distill 3; save "a.mp4"',
    "hole filled": (
        'prompt "a lake"; control inpaint from "t.mp4" with lora "in.safetensors" downscale 1 hole "m.png" grow 32; '
        "pass distill 8"
    ),
    "hole in magenta": (
        'prompt "a lake"; control inpaint from "t.mp4" with lora "in.safetensors" downscale 1 hole "m.mp4" '
        "color magenta; pass distill 8"
    ),
    "border filled": (
        'prompt "a"; control outpaint from "t.mp4" with lora "in.safetensors" downscale 1 inside 75%; pass distill 8'
    ),
    "dubbed": 'dub "t.mp4" with lora "lipdub.safetensors"; prompt "says: “Yes.”"; pass 0.5x distill 8; upscale 2x',
    "upscale in time": 'length 49f; prompt "a lake"; guide img @ end; pass 0.5x distill 8; upscale time 2x; upscale 2x',
    "loras by segment": (
        'length 5s; prompt "a street"; relay "sun" 0s..2s | "rain" 2s..5s; lora "mine.safetensors" 0.8 2s..5s; '
        "lora style 0.5; pass distill 8"
    ),
    "res_2s": 'prompt "a lake"; schedule ltxv terminal 0.05; pass dev 15 { sampler res_2s eta 0.25 bong off }',
    "uni_pc": 'prompt "a lake"; pass 0.5x dev 20 uni_pc; upscale 2x two_stage res_multistep_cfg_pp',
    "nag": 'prompt "a lake"; nag "people" audio "music" scale 9; pass distill 8',
    "nag on the picture": 'prompt "a lake"; nag "people"; pass distill 8',
    "tiles": 'prompt "a lake"; decode tile 512 overlap 64 frames 40f; pass distill 8',
    "tiles in space": 'prompt "a lake"; decode tile 768 overlap 96; pass distill 8',
    "still": 'prompt "a lake"; pass distill 8; save "lake.png" @ 24f',
    "still and video": 'prompt "a lake"; pass distill 8; save "lake.mp4"; save "lake.jpg"',
    "two passes": 'prompt "a lake"; inplace img @ 0 strength 0.5; pass distill 8; pass distill 3',
    "loras": 'prompt "a lake"; lora style 0.7; pass dev 20; upscale 2x distill 0.6 { lora "mine.safetensors" }',
    "relay with spans": 'length 5s; prompt "a lake"; relay "dawn" 0s..2s | "noon" 2s..4s; pass distill 8',
    "relay with nag": 'relay "dawn" | "noon"; nag "people"; pass distill 8',
    "long": 'length 1201f; prompt "a lake"; pass distill 8',
    "odd rate": 'length 121f @ 23.976fps; prompt "a lake"; pass distill 8',
    "two files of one name": (
        'other = image "other/face.png"; prompt "a lake"; guide img @ 0; guide other @ end; pass distill 8'
    ),
    "only upsampled": 'prompt "a lake"; guide img @ 0; pass 0.5x distill 8; upscale 2x 0',
    "cfg++": 'prompt "a lake"; pass distill 8 euler_ancestral_cfg_pp',
    "fit crop": 'size 1920x1080 fit crop; prompt "a lake"; pass 0.5x distill 8; upscale 2x; save "lake.mp4"',
    "fit pad": 'size 1920x1080 fit pad; prompt "a lake"; pass distill 8; save "lake.mp4"',
    "trimmed": 'prompt "a lake"; pass distill 8; trim first 3f; save "lake.mp4"',
    "every other frame": 'fps 50fps; prompt "a lake"; pass distill 8; every 2; save "lake.mp4"',
    "colour matched": 'prompt "a lake"; inplace img @ 0; pass distill 8; match colour to img; save "lake.mp4"',
    "colour matched to the first": (
        'prompt "a lake"; pass distill 8; match colour to first histogram strength 0.5; save "lake.mp4"'
    ),
    "files a frame": 'prompt "a lake"; pass distill 8; save "f.%04d.png"; save "f.%04d.exr" frames 0s..2s',
    "webm, prores, sound": 'prompt "a lake"; pass distill 8; save "a.webm"; save "a.mov" prores4444; save "a.flac"',
    "log codes": (
        'prompt "a lake"; pass distill 8; decode logc3; save "a.%04d.exr" linear half; save "a.mov" prores4444 logc3; '
        'save "a.mp4"'
    ),
    "log codes by ARRI": 'prompt "a lake"; pass distill 8; decode logc3 awg3; save "a.%04d.exr" float; save "a.mp4"',
    "sound file": 'audio "voice.wav" from 1s volume -3 ambience 0.02; prompt "a man"; pass distill 8',
    "sound partly kept": (
        'audio "voice.wav" keep 1s..2s; prompt "a man"; pass distill 8; pass distill 3; pass distill 3 { sound anew }'
    ),
    "sound made anew": 'audio "voice.wav" regenerate 0.3; prompt "a man"; pass distill 8; pass distill 3',
    "hdr": 'prompt "a"; pass distill 8; hdr lora "mine.safetensors" 1.5 { decode logc3; save "a.%04d.exr" linear }',
    "hdr of a file": 'hdr from clip lora "mine.safetensors" 1 { save "a.mov" prores4444 logc3 }',
    "raw nodes": (
        'prompt "a"; pass distill 8; '
        'small = node "ImageScaleBy" { image: frames; upscale_method: "area"; scale_by: 0.5 }; '
        'node "PreviewImage" { images: small }; node "PreviewAudio" { audio: audio }; save small "small.mp4"'
    ),
    "raw nodes with parts": (
        'prompt "a"; pass distill 8; node "VAEDecode" { samples: latent; vae: vae }; '
        'save "a.mp4"; _, two = node "LTXVConditioning" { positive: positive; negative: negative; frame_rate: 24.0 }'
    ),
    "polished in tiles": (
        'prompt "a"; pass distill 8; polish wan "phantom-1.3b.safetensors" denoise 0.3 tile usdu; save "a.mp4"'
    ),
    "polished": 'prompt "a"; pass distill 8; polish wan "phantom-1.3b.safetensors" denoise 0.2; save "a.mp4"',
    "enlarged": 'prompt "a"; pass distill 8; enlarge "4x-UltraSharp.pth"; save "a.mp4"',
}
